"""The types that flow through the program, named by what users say."""

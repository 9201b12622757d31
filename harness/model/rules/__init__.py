"""What is said of rule files, by verb."""

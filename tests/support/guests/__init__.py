"""What tests of guests build on."""

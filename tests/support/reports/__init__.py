"""What reports are made from and how they look in each medium."""

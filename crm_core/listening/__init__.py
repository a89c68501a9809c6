"""What is made of public posts once they are stored: what they want, name and repeat."""

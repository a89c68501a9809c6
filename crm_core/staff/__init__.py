"""What one member of staff may see and do: rights are asked here, where data is read, and each call is recorded."""

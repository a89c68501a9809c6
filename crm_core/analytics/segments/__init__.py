"""Groups of customers: by rules, by the RFM grid, by likeness; and who moved between them."""

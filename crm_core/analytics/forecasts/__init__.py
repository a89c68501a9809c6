"""What a figure will be: models, their trial on the past, and the forecasts that are kept."""

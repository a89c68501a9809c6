"""What people talk about, week by week, under names that stay."""

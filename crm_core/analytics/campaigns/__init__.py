"""What a campaign would bring, and the search for the best one."""

"""Campaigns: whom they write to, who gets which variant, what they bring."""

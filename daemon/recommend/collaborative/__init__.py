"""What people played after what. Every method walks the newest plays of the items that were just played; see history.py."""

"""The services themselves, in processes of their own: analyse, generate, recommend, models."""

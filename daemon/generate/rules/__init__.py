"""Generators by rule: what players' and composers' books say, each with its source."""

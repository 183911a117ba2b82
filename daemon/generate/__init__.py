"""Answers a performer: hears phrases, generates notes by rule or by network, and has them leave on the beat."""

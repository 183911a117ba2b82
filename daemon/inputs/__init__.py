"""Inputs: one file each. Where sound and notes come from besides the driver's device."""

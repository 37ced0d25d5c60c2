"""DOORS: parse, call one service, render."""

"""The machinery behind the optimizer `Plugin`. It is imported where one starts, not here."""

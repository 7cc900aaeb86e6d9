"""The levers of the memory checklist, by what they make smaller."""

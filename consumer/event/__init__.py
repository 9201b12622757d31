"""Records put together to events, and judged."""

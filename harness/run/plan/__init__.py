"""The request, the plan, its scenarios, and the order of trials."""

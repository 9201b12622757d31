"""What guests say of rule files: what operations they record, and what each line costs."""

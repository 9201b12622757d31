"""What several verbs need: options, progress, printing, files."""

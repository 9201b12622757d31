"""Coverage and bills of rule files, as pages."""

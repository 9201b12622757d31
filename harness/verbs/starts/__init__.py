"""What `auditbench init` writes to start from: each file as it will be, with `.start` behind its
name.
"""

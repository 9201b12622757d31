"""The verbs of `auditbench rules`: one thin file each, as in the room above; they need no root."""

"""Private servers, their installation, the cluster and the files that deploy it."""

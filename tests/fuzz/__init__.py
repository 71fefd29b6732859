"""Files from a stranger: mutations of every kind of file that has a right checksum."""

"""Where dropped files were read before ``database.uploads``; scripts import it by this address."""

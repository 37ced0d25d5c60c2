"""DNS answers → how a sending domain stands: SPF, DKIM, DMARC, reverse names, encryption, each with its cure."""

-- Another version of the service has run last, and may have folded conversations by its rule.
UPDATE refresh SET refold_organization = '', refold_conversation = ''

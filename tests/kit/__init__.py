"""What tests share: an exchange whose market is moved by hand, a signer process, customers with accounts."""

"""What mailbot computes beside what torch and transformers compute: `make test-torch`, in an environment of its own."""

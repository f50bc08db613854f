// openCryptoki's library and tpm2-pkcs11 lose memory at logins and with public keys, and are
// unloaded before anyone could say which frames are theirs. So they have a program of their own, in
// which leaks aren't looked for; every other token's suite is in test_contract, where they are.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }  // NOLINT

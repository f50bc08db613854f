// The end of the changes of keys, for whoever opens the stored keyring anew.
#pragma once

#include "coffer/envelope/sealed_store.h"

namespace coffer::envelope {

/// From now on every change of its keys is `unavailable` at its commit; one that is being committed
/// is waited for. A keyring that is read after this isn't overtaken by one from before.
void end_key_changes(SealedStore& store);

}  // namespace coffer::envelope

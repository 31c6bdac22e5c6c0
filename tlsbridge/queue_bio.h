#ifndef TLSBRIDGE_QUEUE_BIO_H_
#define TLSBRIDGE_QUEUE_BIO_H_

#include <openssl/bio.h>

#include "tlsbridge/byte_queue.h"

namespace tlsbridge {

// The two directions of one connection's ciphertext.
struct QueuePair {
  ByteQueue in;   // from the peer
  ByteQueue out;  // to the peer
};

// Returns a BIO that reads from queues->in, asking for a retry when it is
// empty, and appends to queues->out, which never fails. `queues` must outlive
// the BIO. Returns null if memory runs out.
bssl::UniquePtr<BIO> NewQueueBio(QueuePair* queues);

}  // namespace tlsbridge

#endif  // TLSBRIDGE_QUEUE_BIO_H_

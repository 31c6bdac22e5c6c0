#ifndef SERVICE_DELIVERY_DELIVERY_SERVICE_H_
#define SERVICE_DELIVERY_DELIVERY_SERVICE_H_

#include <cstddef>

#include "grpcpp/server_context.h"
#include "service/api/delivery.grpc.pb.h"
#include "service/delivery/key_delivery.h"

namespace service {

// The delivery API over the keys of `delivery`, which must outlive it.
// Thread-safe.
class DeliveryService : public skex::delivery::v1::KeyDelivery::Service {
 public:
  static constexpr size_t kMostKeys = 1'000'000;  // of one TakeKeys()
  static constexpr size_t kMostIds = 1024;        // of one TakeKeysById()

  explicit DeliveryService(KeyDelivery& delivery) : delivery_(delivery) {}

 private:
  grpc::Status TakeKeys(
      grpc::ServerContext* context,
      const skex::delivery::v1::TakeKeysRequest* request,
      grpc::ServerWriter<skex::delivery::v1::KeyBatch>* writer) override;
  grpc::Status TakeKeysById(
      grpc::ServerContext* context,
      const skex::delivery::v1::TakeKeysByIdRequest* request,
      grpc::ServerWriter<skex::delivery::v1::KeyBatch>* writer) override;

  KeyDelivery& delivery_;
};

}  // namespace service

#endif  // SERVICE_DELIVERY_DELIVERY_SERVICE_H_

#ifndef SERVICE_CTL_ONLINE_RENDER_H_
#define SERVICE_CTL_ONLINE_RENDER_H_

#include <ostream>

#include "google/protobuf/message.h"
#include "service/api/admin.pb.h"

// Answers of the admin API for people, in tables of 80 columns.

namespace service {

void Render(const skex::admin::v1::AgentStatus& status, std::ostream& out);
void Render(const skex::admin::v1::ListPeersResponse& peers, std::ostream& out);
void Render(const skex::admin::v1::ListKeysResponse& keys, std::ostream& out);
void Render(const skex::admin::v1::EstablishKeyResponse& established,
            std::ostream& out);
void Render(const skex::admin::v1::RotateKeyResponse& rotated,
            std::ostream& out);
void Render(const skex::admin::v1::AllowJumpResponse& allowed,
            std::ostream& out);
void Render(const skex::admin::v1::HubStatus& status, std::ostream& out);
void Render(const skex::admin::v1::ListAgentsResponse& agents,
            std::ostream& out);
void Render(const skex::admin::v1::ReloadResponse& reloaded, std::ostream& out);

// The same for programs: one JSON object, indented.
void RenderJson(const google::protobuf::Message& message, std::ostream& out);

}  // namespace service

#endif  // SERVICE_CTL_ONLINE_RENDER_H_

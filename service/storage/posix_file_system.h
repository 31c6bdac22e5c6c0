#ifndef SERVICE_STORAGE_POSIX_FILE_SYSTEM_H_
#define SERVICE_STORAGE_POSIX_FILE_SYSTEM_H_

#include "service/storage/file_system.h"

namespace service {

// The file system of this machine. Lives as long as the process.
FileSystem* PosixFileSystem();

}  // namespace service

#endif  // SERVICE_STORAGE_POSIX_FILE_SYSTEM_H_

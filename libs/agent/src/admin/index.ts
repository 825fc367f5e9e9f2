/**
 * How a process is asked and told: probes and scrapes over HTTP, verbs over a socket of the file system.
 * @packageDocumentation
 */
export { createAdminServer, verbose, type AdminOptions, type AdminServer } from './admin-server.ts'
export { CALL_DEADLINE, callControl, listenControl, uploadControl } from './control-client.ts'
export { ControlError, type ControlFault } from './control-error.ts'
export { LISTENER_DEADLINE, MOST_LISTENERS, type ControlStreams } from './control-stream.ts'
export { UPLOAD_PATIENCE, type ControlUploads } from './control-upload.ts'
export { createControlSocket, MOST_REQUEST_OCTETS, type ControlVerbs } from './control-socket.ts'

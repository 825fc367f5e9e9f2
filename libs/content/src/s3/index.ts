/**
 * Objects in a bucket of S3.
 * @packageDocumentation
 */
export { openS3Objects, type S3ObjectsOptions } from './s3-objects.ts'

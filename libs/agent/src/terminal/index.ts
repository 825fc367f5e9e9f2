/**
 * What may be written on a terminal.
 * @packageDocumentation
 */
export { harmless } from './harmless.ts'

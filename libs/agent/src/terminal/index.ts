/**
 * What may be written on a terminal.
 * @packageDocumentation
 */
export { harmless, harmlessJson } from './harmless.ts'

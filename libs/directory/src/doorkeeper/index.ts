/**
 * Who may come in at the doors where users log in: mechanisms on offer, and peers that are turned away.
 * @packageDocumentation
 */
export {
  AddressBans,
  DEFAULT_BAN_LIMITS,
  type Ban,
  type BanEvent,
  type BanLimits,
  type Guess,
} from './address-bans.ts'
export { Doorkeeper, type DoorkeeperOptions, type Visit } from './doorkeeper.ts'

import { parseMessageIds } from '@cartero/syntax'
import { parseDisposition, type DispositionReport } from './disposition-report.ts'
import { addressIn, typedIn } from './parse-delivery-report.ts'
import { fieldGroups, readBeginning, readReport, type FieldGroup } from './report-reader.ts'

const TYPES = ['message/disposition-notification', 'message/global-disposition-notification']

/**
 * Reads a message disposition notification, whoever made it, those of RFC 3798 included; undefined when it is none, or
 * names neither recipient nor disposition. Bounded by `REPORT_LIMITS`. Nothing in it is proved (RFC 8098 §6.1).
 */
export function parseDispositionReport(octets: Buffer): DispositionReport | undefined
export function parseDispositionReport(
  source: AsyncIterable<Uint8Array>,
): Promise<DispositionReport | undefined>
export function parseDispositionReport(
  source: Buffer | AsyncIterable<Uint8Array>,
): DispositionReport | undefined | Promise<DispositionReport | undefined> {
  return Buffer.isBuffer(source) ? reportIn(source) : readBeginning(source).then(reportIn)
}

function reportIn(octets: Buffer): DispositionReport | undefined {
  const { machine } = readReport(octets, TYPES)
  // RFC 8098 §3.1: one group; what some put into another one is read with it.
  const groups = machine === undefined ? [] : fieldGroups(machine, MOST_GROUPS)
  const group: FieldGroup = new Map(groups.flatMap((each) => [...each]).toReversed())
  const original = addressIn(group.get('original-recipient'))
  const final = addressIn(group.get('final-recipient')) ?? original
  const disposition = parseDisposition(group.get('disposition') ?? '')
  if (final === undefined || disposition === undefined) return undefined
  const gateway = typedIn(group.get('mdn-gateway'), 'dns')
  const [id] = parseMessageIds(group.get('original-message-id') ?? '')
  const reportingUa = group.get('reporting-ua')
  const error = group.get('error') ?? group.get('failure')
  return {
    finalRecipient: final,
    disposition,
    errors: error === undefined || error === '' ? [] : [error],
    ...(original !== undefined && { originalRecipient: original }),
    ...(gateway !== undefined && { mdnGateway: gateway }),
    ...(id !== undefined && { originalMessageId: id }),
    ...(reportingUa !== undefined && { reportingUa }),
  }
}

const MOST_GROUPS = 10

import type { EnhancedStatus } from '@cartero/syntax'

/** What a status means to somebody who wrote a letter, and what he can do (RFC 3463 §3), by subject and detail. */
const ADVICE: Readonly<Record<string, string>> = {
  '1.1': 'There is no such mailbox. Look whether the address is spelled right.',
  '1.2': 'There is no such mail domain. Look whether the part after the @ is spelled right.',
  '1.3': 'The address is not written as an address has to be. Look whether it is spelled right.',
  '1.4': 'Several mailboxes could be meant. Ask the recipient for the full address.',
  '1.6': 'The mailbox has moved. Ask the recipient for the new address.',
  '1.7': 'Your own address was not accepted as a sender.',
  '1.8': 'The domain of your own address was not accepted as a sender.',
  '1.10': 'That domain takes no mail at all. Look whether the part after the @ is spelled right.',
  '2.1': 'The mailbox takes no mail at present. Reach the recipient some other way.',
  '2.2': 'The mailbox is full. Try again later, or reach the recipient some other way.',
  '2.3': 'The message is larger than the mailbox allows. Send less, or a link.',
  '3.1': 'The other system has no room left. Try again later.',
  '3.4': 'The message is larger than the other system allows. Send less, or a link.',
  '3.2': 'The other system takes no mail at present. Reach the recipient some other way.',
  '3.3': 'The other system cannot do what the message asks for. Send it without such wishes.',
  '4.1': 'The other system did not answer. Try again later.',
  '4.2': 'The connection to the other system broke. Try again later.',
  '4.3': 'The address could not be looked up. Try again later.',
  '4.4': 'No way to the other system was found. Look whether the part after the @ is spelled right.',
  '4.5': 'The other system has too much to do. Try again later.',
  '4.6': 'The message went round in a circle. The postmaster of the recipient has to mend that.',
  '4.7': 'It was tried for as long as was allowed. Send it again if it still matters.',
  '5.3': 'There were too many recipients. Send it to fewer at a time.',
  '6.2':
    'The message is signed, and the other system cannot carry it as it is. Send it without the signature.',
  '6.3': 'The other system cannot carry the message as it is. Send it as plain text.',
  '6.7': 'The other system does not know addresses in that script. Ask for an address in plain letters.',
  '6.9':
    'The other system does not know such headers. Send it without letters beyond ASCII in subject and names.',
  '7.0': 'The other system refused it for a reason of security. Its postmaster can say more.',
  '7.1':
    'You are not allowed to send to that address, or the content was not liked. Ask the recipient how to reach them.',
  '7.2': 'You are not allowed to send to that list. Ask its owner.',
  '7.4': 'The other system lacks a protection that is needed.',
  '7.5': 'The way to the other system could not be made secure. Its postmaster has to mend that.',
  '7.8': 'Our own login at the next system does not work. Our postmaster has to mend that.',
  '7.10': 'The message asked for an encrypted way, and none was found that can be trusted.',
  '7.20':
    'The other system could not see that the message is from your domain. Your postmaster can mend that.',
  '7.23': 'The other system does not let our system send for your domain. Your postmaster can mend that.',
  '7.25': 'The other system does not know our system by its name. Our postmaster has to mend that.',
  '7.26':
    'The other system could not see that the message is from your domain. Your postmaster can mend that.',
  '7.27':
    'The domain of your own address accepts no mail, so that nobody could answer. Write from another address.',
  '7.30': 'The message asked for an encrypted way, and the other system does not offer one.',
}

/** By the first digit of the subject, where the detail says no more. */
const GENERAL: Readonly<Record<string, string>> = {
  '1': 'Something is wrong with the address. Look whether it is spelled right.',
  '2': 'Something is wrong with the mailbox. Reach the recipient some other way.',
  '3': 'Something is wrong with the other system. Its postmaster can say more.',
  '4': 'Something is wrong on the way to the other system. Try again later.',
  '5': 'The other system did not understand ours. Our postmaster can say more.',
  '6': 'The other system cannot handle the form of the message. Send it as plain text.',
  '7': 'The other system refused it. Its postmaster can say why.',
}

/** One or two sentences, or undefined when nothing can be advised. */
export function adviceOn(status: EnhancedStatus): string | undefined {
  const [, subject = '', detail = ''] = status.split('.')
  return ADVICE[`${subject}.${detail}`] ?? GENERAL[subject]
}

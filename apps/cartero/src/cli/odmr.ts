import type { Command } from 'commander'

import { registerCustomers } from './odmr-customers.ts'
import { registerFetch } from './odmr-fetch.ts'

export function registerOdmr(program: Command): void {
  const odmr = program
    .command('odmr')
    .description('mail that waits until its customer comes for it (ATRN), here and at our providers')
    .addHelpText('after', EXAMPLES)
  registerCustomers(odmr)
  registerFetch(odmr)
}

const EXAMPLES = `
Examples:
  cartero odmr add home.example.org              its mail waits here until fetch@home.example.org comes for it
  cartero odmr list                              customers, and what waits for them
  cartero odmr fetch edge                        go to a provider of ours now (odmr.fetch)`

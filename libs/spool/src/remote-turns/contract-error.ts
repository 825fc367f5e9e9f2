/** What came from another process did not keep to the contract: its fault, and not a bug of ours. */
export class ContractError extends Error {
  override readonly name = 'ContractError'
}

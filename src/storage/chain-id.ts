/** The name of a layer together with all below it. */

/** Digest over the diff IDs from the bottom up to a layer (OCI image specification, "Layer ChainID"). */
export type ChainId = string & { readonly __chain: true };

/** The part of npm's dns-packet that we use; the package has no types of its own. */
declare module 'dns-packet' {
  /** A question as it reads; its bytes may say more, such as labels that are no text. */
  export interface PacketQuestion {
    readonly name: string;
    readonly type: string;
    readonly class: string;
  }
  /** The pseudo-record of RFC 6891. */
  export interface PacketOption {
    readonly type: 'OPT';
    readonly udpPayloadSize: number;
    readonly ednsVersion: number;
    readonly flag_do: boolean;
  }
  /** A record of any other kind; `data` is a text for addresses and names. */
  export interface PacketRecord {
    readonly name: string;
    readonly type: string;
    readonly ttl?: number;
    readonly data: unknown;
  }
  /** A message. `flags` holds the response code, too. */
  export interface Packet {
    readonly id: number;
    readonly type: 'query' | 'response';
    readonly flags: number;
    readonly questions: readonly PacketQuestion[];
    readonly answers: readonly PacketRecord[];
    readonly additionals: readonly (PacketOption | PacketRecord)[];
  }
  /** A message to be written. */
  export interface DraftPacket extends Partial<Omit<Packet, 'questions' | 'additionals'>> {
    readonly questions: readonly { readonly name: string; readonly type: string }[];
    readonly additionals?: readonly {
      readonly type: 'OPT';
      readonly name: '.';
      readonly udpPayloadSize: number;
    }[];
  }
  /** Writes the data of a record, its length of two bytes first; `encode.bytes` is what the last call wrote. */
  interface RecordCodec {
    readonly encode: ((data: string, into: Buffer, offset: number) => Buffer) & { readonly bytes: number };
  }
  const packet: {
    /** @throws Error, RangeError for what is no message */
    readonly decode: (bytes: Buffer) => Packet;
    /** Writes no pointers; fields that are absent are zero, and classes the internet's. */
    readonly encode: (message: DraftPacket) => Buffer;
    /** `decode.bytes` is the length of the question that was read last. */
    readonly question: { readonly decode: { readonly bytes: number } };
    readonly record: (type: 'A' | 'AAAA' | 'PTR') => RecordCodec;
  };
  export default packet;
}

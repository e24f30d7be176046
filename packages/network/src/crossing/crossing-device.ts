/** Names, addresses and numbers of the device that packets for other pools leave the kernel by. */
export const crossingDevice = 'skerry-cross';
/** UDP port at which the kernel takes packets back. */
export const crossingPort = 8_473;
/** Where this process gets them: see `kernel-port.ts`. */
export const processAddress = '127.255.255.255';
export const processPort = 8_474;
/** UDP port at which a gateway tells the machines of its pool how it is. */
export const healthPort = 8_475;
/** UDP port at which a gateway whose Node names its address is reached from other pools. */
export const directPort = 8_476;
/** The next hop beyond the device, by family of addresses: there is one, which is this process. */
export const crossingNextHops = { 4: '169.254.83.1', 6: 'fe80::53' } as const;
export const crossingMac = '0e:53:ff:00:00:01';
export const crossingNextHopMac = '0e:53:ff:00:00:02';

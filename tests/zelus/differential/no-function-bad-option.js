// Options are read before functions are counted.
export const options = { tlsVersion: { min: 'ssl3.0', max: 'tls1.2' } };

// Who is in the demo data: invented organizations, their people and their customers.

import { demoId } from './random.mjs';

/** Both organizations; `users` has people who are there, people who have left, and bots. */
export const ORGANIZATIONS = [
  organization('brindlewick', 'Brindlewick Home Goods', ['Orders & Delivery', 'Returns', 'Billing', 'Product Advice'], {
    here: [
      'Amara Okonjo',
      'Benedikt Haas',
      'Chiara Lombardini',
      'Devon Pryce',
      'Esra Yıldıran',
      'Freya Lindqvist',
      'Goran Petrić',
      'Hana Sugimori',
    ],
    left: ['Isaac Thornbury', 'Jolanta Wiśnik'],
    bots: ['Brindle Assistant', 'After-hours Bot'],
  }),
  organization('tallowmere', 'Tallowmere Travel', ['Bookings', 'Changes & Refunds', 'Loyalty Club', 'Groups'], {
    here: [
      'Kwabena Adomako',
      'Lucía Barrientos',
      'Maarten Vosveld',
      'Noor El-Hariri',
      'Oisín Garvey',
      'Priya Raghunath',
      'Quentin Lemarchal',
      'Rosa Itzel Campos',
    ],
    left: ['Sten Aavik', 'Tomasz Gierat'],
    bots: ['Tallow Concierge', 'Night Desk Bot'],
  }),
];

function organization(key, name, departments, { here, left, bots }) {
  const user = (fullName, more) => ({ userId: demoId(key, 'user', fullName), fullName, ...more });
  return {
    key,
    organizationId: demoId(key, 'organization'),
    name,
    departments: departments.map((title) => ({ departmentId: demoId(key, 'department', title), name: title })),
    here: here.map((fullName) => user(fullName, { active: true, bot: false })),
    left: left.map((fullName) => user(fullName, { active: false, bot: false })),
    bots: bots.map((fullName) => user(fullName, { active: true, bot: true })),
  };
}

/** Channels by how often they come up. `voice` is not here: it has stories of its own. */
export const CHANNELS = [
  ...Array(5).fill('whatsapp'),
  ...Array(4).fill('sms'),
  ...Array(4).fill('webchat'),
  ...Array(4).fill('email'),
  ...Array(2).fill('instagram'),
  ...Array(2).fill('messenger'),
  'twitter',
  'telegram',
];

const GIVEN = [
  'Aaliyah',
  'Adrián',
  'Agnieszka',
  'Aiko',
  'Alasdair',
  'Anouk',
  'Bao',
  'Beatriz',
  'Caoimhe',
  'Cedric',
  'Chidi',
  'Dagmar',
  'Danilo',
  'Delphine',
  'Dilnoza',
  'Eirik',
  'Elif',
  'Emeka',
  'Fatoumata',
  'Felix',
  'Gulnara',
  'Hamza',
  'Ilse',
  'Imani',
  'Jana',
  'Jiho',
  'Joaquín',
  'Kalani',
  'Katya',
  'Léonie',
  'Lwazi',
  'Mateusz',
  'Mei',
  'Mirela',
  'Nadia',
  'Nikolai',
  'Oksana',
  'Omar',
  'Paloma',
  'Ravi',
  'Rhiannon',
  'Sanjay',
  'Sigrún',
  'Tariq',
  'Thandiwe',
  'Vera',
  'Wanjiru',
  'Yusuf',
  'Zofia',
  '美玲',
];
const FAMILY = [
  'Abernethy',
  'Adeyinka',
  'Ahlström',
  'Alcaraz',
  'Ashdown',
  'Bielak',
  'Bouchard',
  'Castellane',
  'Chukwuma',
  'Dahlgren',
  'Devereux',
  'Dragomir',
  'Eastlake',
  'Fairweather',
  'Farrukh',
  'Gallardo',
  'Greaves',
  'Hakimi',
  'Holloway',
  'Ibáñez',
  'Jankauskas',
  'Karimov',
  'Kobayakawa',
  'Lachance',
  'Lindemann',
  'Mbeki-Rowe',
  'Mihailov',
  'Moreau',
  'Nakagawa',
  'Ndiaye',
  'Oduya',
  'O’Riordan',
  'Palmgren',
  'Pereira',
  'Quispe',
  'Ramanathan',
  'Rosenthal',
  'Sadowski',
  'Selassie',
  'Tanaka',
  'Thibault',
  'Ueda',
  'Valkonen',
  'Wetherby',
  'Yamadera',
];

// Only ranges that the numbering authorities reserve for fiction, so that no number can be a real one.
const PHONES = [
  (random) => `+1${random.pick([212, 312, 415, 503, 617, 713])}55501${digits(random, 2)}`,
  (random) => `+447700900${digits(random, 3)}`,
  (random) => `+442079460${digits(random, 3)}`,
  (random) => `+3363998${digits(random, 4)}`,
  (random) => `+493023125${digits(random, 3)}`,
];

function digits(random, count) {
  return Array.from({ length: count }, () => random.between(0, 9)).join('');
}

/** A customer's name. */
export function customerName(random) {
  return `${random.pick(GIVEN)} ${random.pick(FAMILY)}`;
}

/** A customer's number as far as the channel tells it; undefined where it does not. */
export function customerPhone(random, channelType) {
  const known = { sms: 1, whatsapp: 1, voice: 1, telegram: 0.6, email: 0.4, webchat: 0.3 }[channelType] ?? 0;
  return random.chance(known) ? random.pick(PHONES)(random) : undefined;
}
